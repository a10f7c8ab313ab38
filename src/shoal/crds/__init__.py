"""CustomResourceDefinitions of Ray's kinds, made from the types that the parser reads."""
