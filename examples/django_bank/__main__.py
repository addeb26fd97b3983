"""Django's `manage.py`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.django_bank.settings")
execute_from_command_line(["examples.django_bank", *sys.argv[1:]])
