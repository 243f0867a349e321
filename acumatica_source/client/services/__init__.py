"""What there is to do with an instance, by subject: the attributes of `AcumaticaClient`."""
