"""Requests. Each `transaction.atomic()` holds events and rows of Django's, one commit for both."""

import json

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from examples.bank import Account, Overdrawn
from examples.django_bank.models import Balance, Receipt
from examples.django_bank.store import store
from sourcery import UnitOfWork
from sourcery.errors import StreamNotFound, VersionConflict
from sourcery.ext.django import transact, unit_of_work


@require_POST
def open_account(request: HttpRequest, account: str) -> HttpResponse:
    """Begin an account."""
    try:
        with transaction.atomic(), unit_of_work(store()) as uow:
            uow.create(Account, account).open(json.loads(request.body)["owner"])
    except VersionConflict:
        return JsonResponse({"error": "there is such an account"}, status=409)
    return JsonResponse({}, status=201)


@require_POST
def deposit(request: HttpRequest, account: str) -> HttpResponse:
    """Pay in; tried again when another request was faster."""
    body = json.loads(request.body)

    def pay_in(uow: UnitOfWork) -> int:
        held = uow.get(Account, account)
        held.deposit(body["cents"])
        uow.publish("payments", key=account, payload={"cents": body["cents"]})
        Receipt.objects.create(account=account, cents=body["cents"], number=body["number"])
        return held.cents

    try:
        return JsonResponse({"cents": transact(store(), pay_in, attempts=20)}, status=201)
    except StreamNotFound:
        return JsonResponse({"error": "no such account"}, status=404)


@require_POST
@transaction.atomic
def withdraw(request: HttpRequest, account: str) -> HttpResponse:
    """Take out. An exception inside the unit undoes the unit, and Django's transaction goes on."""
    try:
        with unit_of_work(store()) as uow:
            uow.get(Account, account).withdraw(json.loads(request.body)["cents"])
    except Overdrawn as error:
        return JsonResponse({"error": str(error)}, status=422)
    return JsonResponse({}, status=201)


def balance(request: HttpRequest, account: str) -> HttpResponse:
    """Read what the subscriber wrote."""
    found = Balance.objects.filter(account=account).first()
    return JsonResponse({"cents": found.cents if found else 0})
