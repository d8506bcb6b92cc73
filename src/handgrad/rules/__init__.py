"""What is true: identities with statements in the notation, and what applies them to trees."""
