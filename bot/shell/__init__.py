"""What puts everything together and starts it: settings, platforms, the command line."""
