"""What no ERP offers: a look inside, changes at will, and faults on a schedule."""
