"""Opinions from outside, which a site may ask for: Akismet, Stop Forum Spam, a check of one's own, a language model.

`screening` writes down what it would like to know (`wanting`, `questions`) and judges when it is known. `asking` does
the asking, in another process: a service that is slow or away keeps nobody's comment but those that wait for it.
"""
