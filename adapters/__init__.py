"""Where the bot talks: one module per platform, all behind the port in ``base``."""
