/** The group of the web client's routes in the documents. */
export const WEB_CLIENT = 'Web client'
