"""What people wrote to each other in a channel of a chat, as documents."""
