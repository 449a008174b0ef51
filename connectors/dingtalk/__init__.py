"""DingTalk (钉钉): a signed group robot."""
