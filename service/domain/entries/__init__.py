"""What people enter by hand: weights, scrap, laboratory decisions, corrections and notes."""
