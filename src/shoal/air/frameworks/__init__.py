"""One module a library that learns: how it trains, and how its model is written, read and asked."""
