"""The data processing: pictures of export files become product images, and workbooks have profiles.

A map, from what people ask to what is kept:

service      the facade that the API uses: submit, list, show
follow       the extraction that follows a sync
extract      extract_product_images, the job; pictures: whether there are any, skus: which column says whose they are
workbook     process_workbook, the job
source       the file that both work on
child        the parent's side of the child process; worker/: that process
images       the table of images; media: the folder of their bytes
profiles     the table of profiles
retention    what is dropped of all three once it is old
"""
