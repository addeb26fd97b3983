"""A shop: products, orders and payments, brought together by a process manager.

    python -m examples.storefront

Each of the three is a consistency boundary of its own (`domain`). They meet in `fulfilment`, which
reacts to what happened by commands, in the transaction that moves its checkpoint. Four read models
(`views`) join their events. What the customer is to know leaves through the outbox.
"""
