"""Workers of one consumer that come and go, hang, and lose their leases."""
