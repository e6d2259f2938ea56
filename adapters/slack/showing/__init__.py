"""What people see on Slack: blocks, replies as they grow, what one person sees."""
