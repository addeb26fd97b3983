"""Paths."""

from django.urls import path

from examples.django_bank import views

urlpatterns = [
    path("accounts/<str:account>/", views.open_account),
    path("accounts/<str:account>/deposits/", views.deposit),
    path("accounts/<str:account>/withdrawals/", views.withdraw),
    path("accounts/<str:account>/balance/", views.balance),
]
