"""What an event is: plain data and the pure rules of money, time and ids. Imports nothing of ours."""
