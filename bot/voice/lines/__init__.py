"""Which of a voice's lines stand where: by occasion, by mood, around an answer or a draft."""
