"""Who comes in, and the seats that takes: cookies, Basic, OAuth 2.0 and OpenID Connect."""
