"""The pure rules of an order's life: functions over plain data, the clock passed in. Imports schemas alone."""
