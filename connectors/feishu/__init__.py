"""Feishu and Lark (飞书): a signed custom bot."""
