"""The user service: what people see of one another."""
