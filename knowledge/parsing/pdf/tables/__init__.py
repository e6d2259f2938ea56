"""Tables on PDF pages: those with ruled lines, those told by how their cells stand."""
