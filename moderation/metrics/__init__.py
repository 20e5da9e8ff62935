"""What Prometheus reads: `counted` says what is counted, `rows` what is asked at the scrape, `page` makes the text."""
