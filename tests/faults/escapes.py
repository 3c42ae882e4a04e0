"""Text that commands a terminal on which it is printed."""

ESCAPES = "\x1b[2Jcat\x1b]0;owned\x07\r\x9b31m\u202e"
