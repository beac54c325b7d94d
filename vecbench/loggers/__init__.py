"""Tools that track runs, as places to log scores to; each is imported when somebody asks for it."""
