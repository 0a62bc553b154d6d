"""What sellers and buyers ask: orders, money, rates, notices."""
