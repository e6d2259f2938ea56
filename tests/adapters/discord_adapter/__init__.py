"""Every way of talking to the bot on Discord, over HTTP and a websocket, with the real core."""
