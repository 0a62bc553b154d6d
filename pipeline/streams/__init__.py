"""The stream layer: what makes Faust fast and safe. The only room that knows Faust's and aiokafka's private parts."""
