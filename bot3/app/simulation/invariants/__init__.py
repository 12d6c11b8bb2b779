"""What must hold whatever happens, judged from the outside by code that is not the bot's."""
