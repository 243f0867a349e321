"""OData: generic inquiries (version 4 and the older 3) and data access classes (version 4)."""
