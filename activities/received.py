"""What was received of purchases, as activities name it."""

from weaver.received import LARGEST_FEE as LARGEST_FEE
from weaver.received import with_received as with_received
