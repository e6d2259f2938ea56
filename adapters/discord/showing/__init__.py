"""What people see on Discord: components, replies as they grow, modals."""
