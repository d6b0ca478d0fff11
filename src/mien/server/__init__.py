"""The web server: one router per resource, composed in `app`."""
