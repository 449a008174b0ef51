"""OPC UA over asyncua: sessions, subscriptions, and notifications decoded straight into columns."""
