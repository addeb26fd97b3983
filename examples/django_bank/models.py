"""Rows of Django's own."""

from django.db import models


class Receipt(models.Model):
    """What was paid in, for the bookkeepers; written with the event or not at all."""

    account = models.CharField(max_length=100)
    cents = models.IntegerField()
    number = models.CharField(max_length=50, unique=True)

    def __str__(self) -> str:
        return self.number


class Balance(models.Model):
    """The read model that the subscriber keeps."""

    account = models.CharField(max_length=100, primary_key=True)
    cents = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.account}: {self.cents}"
