"""An operator against FakeApi, disturbed in every way that a test asks for."""
