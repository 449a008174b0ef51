"""What people look at: the operators' web dashboard, and Grafana dashboards over InfluxDB."""
