"""指挥调度: what is red now, on whom it waits, who has how much, what comes and what runs out."""
