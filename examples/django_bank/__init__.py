"""The bank in Django: events in Django's own transactions, beside rows of its own models.

python -m examples.django_bank migrate
python -m examples.django_bank runserver
python -m examples.django_bank balances        # the subscriber, in a process of its own
"""
