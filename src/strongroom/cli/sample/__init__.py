"""The demo's sample book, as an application outside Strongroom would make it."""
