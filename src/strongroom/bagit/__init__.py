"""BagIt (RFC 8493): what manifests say. Making and validating whole bags is left to others."""
