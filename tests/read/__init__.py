"""Reading: order, bounds, filters, memory."""
