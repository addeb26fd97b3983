"""What every codec promises, for one of yours: import these modules and give a fixture `codec`.

from sourcery.testing.conformance.codecs.test_round_trip import *
"""
