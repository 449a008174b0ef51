"""WeCom (企业微信): a group robot."""
