"""How Discord is reached: discord.py's client, and its errors as ours."""
