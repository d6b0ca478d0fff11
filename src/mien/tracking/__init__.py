"""Following faces through a stream: identities, and values that do not flicker."""
