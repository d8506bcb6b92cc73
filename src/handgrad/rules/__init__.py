"""The rules of the algebra and of calculus: what is true, and how a formula is put into the form that a person writes."""
