"""What is offered: features by Kano's classes, and delivered value."""
