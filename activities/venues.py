"""The accounts' venues, as activities name them."""

from weaver.venue import Tell as Tell
from weaver.venue import Venue as Venue
